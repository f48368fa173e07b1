"""What pages of the services are made of: words in three languages, and templates."""
