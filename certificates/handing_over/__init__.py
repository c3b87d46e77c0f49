"""What the owner of a back end needs to let a client certificate in: its public part as files, and ready lines for servers. Never a key."""
