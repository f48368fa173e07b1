"""How it is kept: the tables and the statements on them, one module for each thing that is kept."""
