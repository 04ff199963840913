# Programs that run the engine without a daemon.
