"""What is true about rollups: pure rules, no database, no network, no clock."""
