"""What can be asked over HTTP: rollups, days, the live feed, the session of a browser, the page."""
