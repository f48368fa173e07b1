"""What can be done, one use case a file: the command, then the function that carries it out."""
