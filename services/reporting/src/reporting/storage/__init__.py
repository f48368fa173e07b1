"""How rollups are kept: leaves only, stamped with the version of the commit that changed them."""
