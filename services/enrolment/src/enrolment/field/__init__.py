"""The field app: a page that enrols without a network, and sends when there is one."""
