"""The operator's side: commands defined once, offered by RPC and by the command ``hitless``."""
