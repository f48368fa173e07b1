"""Paper and spreadsheets: files are read, shown as they would be taken, and enrolled through the intake."""
