"""What is true of certificates: states, places, serial numbers and the queue. No input or output here."""
