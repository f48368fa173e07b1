"""How certificates, pools and campaigns are kept: tables, bulk loading, bulk writing."""
