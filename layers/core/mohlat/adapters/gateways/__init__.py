"""Payment gateways behind `mohlat.application.ports.PaymentGateway`."""
