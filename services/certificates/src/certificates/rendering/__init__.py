"""Renderings: what a certificate looks like, as PDF, picture or print sheet.

    facts, QR text, token -> page -> pool -> worker process -> typesetter (templates) -> bytes -> cache

No database and no HTTP here; the API and the print sheets ask the pool.
"""
