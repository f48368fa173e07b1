"""Typesetting: templates and data to PDF and pictures, in worker processes that may crash, hang or grow.

    request -> pool -> worker process (serving) -> compiler (templates, fonts) -> bytes

A service brings its templates, and a module that says what its worker makes of a request.
"""
