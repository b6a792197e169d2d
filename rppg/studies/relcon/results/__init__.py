"""Tables and figures of the RelCon study."""
