package userpool

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"

	"github.com/cenote-auth/cenote/internal/awsenc"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
)

// Custom senders (TRG-120…126): functions of a pool that deliver its e-mail or SMS in place of the installation's senders. They
// get the code, encrypted, and compose the text themselves.

// senderCall is what the function that delivers a message is told beside the code. It waits, sealed, with the message.
type senderCall struct {
	ARN        string
	KeyARN     string
	UserName   string
	Attributes map[string]string
	Metadata   map[string]string `json:",omitempty"`
}

// senderOf returns the function that delivers the pool's messages of a medium, or "" if the installation does.
func (p *poolRecord) senderOf(m DeliveryMediumType) string {
	l := p.lambda()
	switch {
	case m == DeliveryMediumTypeSms && l.CustomSMSSender != nil:
		return l.CustomSMSSender.LambdaArn
	case m == DeliveryMediumTypeEmail && l.CustomEmailSender != nil:
		return l.CustomEmailSender.LambdaArn
	}
	return ""
}

// checkSenders refuses custom senders that could not be told a code (POOL-050).
func (s *Service) checkSenders(l *LambdaConfigType) error {
	for _, f := range []struct {
		member string
		set    bool
	}{
		{"LambdaConfig.CustomEmailSender", l.CustomEmailSender != nil},
		{"LambdaConfig.CustomSMSSender", l.CustomSMSSender != nil},
		{"LambdaConfig.KMSKeyID", l.KMSKeyID != ""},
	} {
		switch {
		case f.set && s.cfg.senderKeys == nil:
			return ErrInvalidParameter.Newf("%s is not available: this installation of cenote has no SenderKeys.", f.member)
		case f.set && l.KMSKeyID == "":
			return ErrInvalidParameter.Newf("KMSKeyID is required with %s.", f.member)
		}
	}
	return nil
}

// senderCall returns how the pool's function for the medium is called with a message about the scope's user, or nil if there is
// none.
func (sc scope) senderCall(kind message.Kind, m DeliveryMediumType, metadata map[string]string) *senderCall {
	arn := sc.pool.senderOf(m)
	if arn == "" {
		return nil
	}
	if kind == message.ForgotPassword && sc.client == nil {
		metadata = nil // AdminResetUserPassword tells only the text function (matrix in section 6.13)
	}
	return &senderCall{
		ARN: arn, KeyARN: sc.pool.lambda().KMSKeyID, UserName: sc.user.name(), Attributes: sc.triggerAttributes(), Metadata: maps.Clone(metadata),
	}
}

// sendByFunction hands a message to the pool's function. What it answers is not read (TRG-009): if it refuses, trying again is
// useless; if it was not reached, it is tried again like any sender. The other path of the medium is never taken (TRG-124).
func (s *Service) sendByFunction(ctx context.Context, o outgoing) error {
	event := trigger.CustomSenderEvent{
		TriggerSource: trigger.Source("CustomEmailSender_" + string(o.Kind)), Region: s.cfg.region, UserPoolID: o.PoolID, UserName: o.Sender.UserName,
		CallerContext: trigger.CallerContext{ClientID: o.ClientID},
		Request: trigger.CustomSenderRequest{
			Type: trigger.EmailSenderRequest, ClientMetadata: o.Sender.Metadata, UserAttributes: o.Sender.Attributes,
		},
	}
	if o.Medium == DeliveryMediumTypeSms {
		event.TriggerSource, event.Request.Type = trigger.Source("CustomSMSSender_"+string(o.Kind)), trigger.SMSSenderRequest
	}
	if o.Code != "" {
		code, err := s.encryptForSender(ctx, o)
		if err != nil {
			return err
		}
		event.Request.Code = &code
	}
	err := trigger.Notify(ctx, s.triggers, o.Sender.ARN, event)
	if errors.Is(err, ErrUserLambdaValidation) {
		return fmt.Errorf("%w: %w", message.ErrRefused, err)
	}
	return err
}

// encryptForSender returns the code as the sender gets it: an AWS Encryption SDK message, in base64 (TRG-122).
func (s *Service) encryptForSender(ctx context.Context, o outgoing) (string, error) {
	if s.cfg.senderKeys == nil {
		return "", errors.New("encrypt a code: the installation has no SenderKeys")
	}
	about := map[string]string{senderContext: o.PoolID}
	key, err := s.cfg.senderKeys.GenerateDataKey(ctx, o.Sender.KeyARN, about)
	if err != nil {
		return "", fmt.Errorf("make a data key under %s: %w", o.Sender.KeyARN, err)
	}
	defer clear(key.Plaintext)
	sealed, err := awsenc.Seal(s.rand, key, about, []byte(trigger.SenderSecret(o.Code)))
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}
