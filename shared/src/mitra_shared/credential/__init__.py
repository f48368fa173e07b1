"""Credentials: what a certificate says, signed so that anyone can check it without asking us.

    facts -> document (Open Badges 3.0) -> VC-JWT | COSE | Data Integrity proof
                                             verdict <- verify <- keys, status lists

No database and no network here: the certificates service stores and serves, the command line checks.
"""
