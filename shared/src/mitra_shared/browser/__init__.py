"""Apps of static files that run in a browser, and the browser code that more than one of them needs.

`static/` holds a service worker, languages and icons; `static/certificate/` reads and verifies certificates:
camera or picture -> text of a QR code (`qr/`) -> code -> signature -> status. Nothing is built: modules are
served as they are, below the path of each app, so that an app stays whole on one host.
"""
