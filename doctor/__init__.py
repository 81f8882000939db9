"""`make doctor STACK=name`: asks hosts, DNS, certificates and Pulumi how they are, and says what to do.

It changes nothing. What is found (facts) and what is made of it (findings) are apart: ``facts``, ``state``, ``names``,
``certificates`` and ``ports`` ask; the functions ``judge...`` are pure.
"""
