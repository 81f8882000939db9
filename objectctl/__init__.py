"""Backs up an environment's objects with restic, and brings them back through the server.

It runs on the host of the object storage. Of this project it needs ``hostctl.s3`` alone, which lies beside it there.
"""
