"""The control plane: the snapshot of what the rows amount to, who may come, what each gateway has applied."""
