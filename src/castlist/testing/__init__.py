"""For people who write providers: the contract suite, the scripted fake, and an upstream that fails on demand."""
