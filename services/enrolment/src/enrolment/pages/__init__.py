"""Pages for people and for data protection: server-rendered, and of use without a script."""
