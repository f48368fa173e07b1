"""What can be asked of the service, one module for each thing that is asked about."""
