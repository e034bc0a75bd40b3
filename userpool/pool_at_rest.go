package userpool

// checkKeyConfiguration refuses a key that the pool's secrets are not kept under. What they are kept under is the KeyRing of the
// installation, whose key in AWS's terms is Config.CustomerKey: a pool may ask for that one, which changes nothing and is true, and
// for no other (NEW-245).
func (s *Service) checkKeyConfiguration(k *KeyConfigurationType) error {
	switch {
	case k == nil:
		return nil
	case k.KeyType != EncryptionKeyTypeCustomerManagedKey && k.KmsKeyArn != "": // unconfirmed text, as are the others
		return ErrInvalidParameter.New("KmsKeyArn is only allowed with KeyType CUSTOMER_MANAGED_KEY.")
	case k.KeyType != EncryptionKeyTypeCustomerManagedKey:
		return nil
	case k.KmsKeyArn == "":
		return ErrInvalidParameter.New("KmsKeyArn is required with KeyType CUSTOMER_MANAGED_KEY.")
	case s.cfg.customerKey == "":
		return ErrInvalidParameter.New("KeyConfiguration.KeyType CUSTOMER_MANAGED_KEY is not available: this installation of cenote has no CustomerKey.")
	case !sameKey(k.KmsKeyArn, s.cfg.customerKey):
		return ErrInvalidParameter.Newf("KeyConfiguration.KmsKeyArn %s is not the CustomerKey of this installation of cenote.", k.KmsKeyArn)
	}
	return nil
}

// sameKey reports whether two ARNs name one key: a multi-Region key has an ARN in each Region.
func sameKey(a, b string) bool {
	return a == b || multiRegion(a) && arnPart(a, 4) == arnPart(b, 4) && arnPart(a, 5) == arnPart(b, 5)
}

// multiRegion reports whether a KMS key exists in more than one Region: AWS makes their ids begin with mrk-.
func multiRegion(arn string) bool {
	const id = "key/mrk-"
	resource := arnPart(arn, 5)
	return len(resource) > len(id) && resource[:len(id)] == id
}
