"""Mail and SMS behind `mohlat.application.ports`."""
