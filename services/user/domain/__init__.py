"""Rules of accounts, logins, addresses and messages. Pure: no I/O, no clock."""
