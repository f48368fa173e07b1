"""What a module to be forked after must not do."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
