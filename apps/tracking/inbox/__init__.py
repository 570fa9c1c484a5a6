"""Mail that comes in: answers to invitations and notices of providers.

`mailbox` speaks IMAP, `poll` goes through a mailbox, `letters` takes one message in, whichever way it came.
"""
