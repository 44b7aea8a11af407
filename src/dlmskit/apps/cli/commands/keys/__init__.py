"""Make, look at and use key files: keys, wrapped keys, key agreement, signatures, requests and certificates.

Secrets stay in the files: what is printed are fingerprints, public keys and results. The passphrase of a sealed file is asked
for, or taken from the environment variable DLMSKIT_PASSPHRASE.
"""
