"""The press: print sheets are set in the background, kept sealed for a while, and made again on demand."""
