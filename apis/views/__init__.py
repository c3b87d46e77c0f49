"""The screens of APIs and subscriptions, a module per tab. Views translate; actions decide."""
