"""Measurements that need more than the product: peers, in environments of their own."""
