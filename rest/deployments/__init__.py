"""Deployments: templates of the resource manager (ARM JSON, and what Bicep makes) with entities of the kinds that there are.

``expressions`` reads what stands in brackets, ``loops`` what is repeated, ``functions`` are those that templates of these kinds use,
``template`` makes resources of a template, ``applying`` makes entities of them, all or none, ``answers`` is the addresses.
"""
