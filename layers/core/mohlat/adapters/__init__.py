"""What implements the ports: DynamoDB, KMS, Cognito, Step Functions, gateways, mail and SMS."""
