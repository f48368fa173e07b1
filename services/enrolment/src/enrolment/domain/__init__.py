"""What is true of enrolments and opinions: rules without a database, a clock or randomness of their own."""
