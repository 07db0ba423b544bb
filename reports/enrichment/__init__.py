"""Who stands behind a sending address: its name, network, country and service. Apart from reading, and never in a page.

What is found here is for people who look for the owner of an address. No rule and no verdict may lean on it: a name that
an address gives itself, and the owner of a network, say nothing about who sent a message.
"""
