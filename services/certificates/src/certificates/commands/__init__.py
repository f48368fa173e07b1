"""What can be done, one file each. Every command works inside the unit of work it is given."""
