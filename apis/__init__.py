"""APIs: settings, operations, the Security tab, subscriptions, and the policy they amount to."""
