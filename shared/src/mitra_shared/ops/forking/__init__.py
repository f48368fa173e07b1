"""Processes of the services that start in no time: forked from one that has imported what they import.

client.ForkServer.start(...)  --SEQPACKET-->  server.main: fork, become `python -m MODULE ARGUMENT`
client.ForkedChild            <--socket of the child's own: process id, later the exit code
"""
