package userpool_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/userpool"
)

// texts is a sender of text messages that keeps them.
type texts struct{ sent []message.SMS }

func (s *texts) SendSMS(_ context.Context, m message.SMS) error {
	s.sent = append(s.sent, m)
	return nil
}

func byPhone(c userpool.SmsConfigurationType) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		in.SmsConfiguration = &c
		in.AutoVerifiedAttributes = []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypePhoneNumber}
	}
}

// NEW-311, NEW-312, NEW-313, NEW-315, NEW-348: a pool's text messages travel through SNS or through End User Messaging; the sender
// is told which, with everything that was set, and the pool tells it back.
func TestSMSRoutes(t *testing.T) {
	t.Parallel()
	sender := &texts{}
	b := setup(t, func(c *userpool.Config) { c.SMS = sender })
	eums := userpool.EumsSmsConfigurationType{
		CallerArn: "arn:aws:iam::123456789012:role/sms", ExternalId: "x", OriginationIdentity: "arn:aws:sms-voice:us-east-1:1:pool/p",
		ConfigurationSetName: "set", InEntityId: "entity", InTemplateId: "template", Region: "us-east-1",
	}
	least := userpool.EumsSmsConfigurationType{CallerArn: eums.CallerArn}
	for _, tt := range []struct {
		name string
		set  userpool.SmsConfigurationType
		sns  *message.SNS
		eums *message.EndUserMessaging
	}{
		{"sns", userpool.SmsConfigurationType{SnsCallerArn: "arn:aws:iam::123456789012:role/sns", ExternalId: "y", SnsRegion: "us-west-2"},
			&message.SNS{CallerARN: "arn:aws:iam::123456789012:role/sns", ExternalID: "y", Region: "us-west-2"}, nil},
		{"end user messaging", userpool.SmsConfigurationType{EumsSms: &eums}, nil, &message.EndUserMessaging{
			CallerARN: eums.CallerArn, ExternalID: "x", OriginationIdentity: eums.OriginationIdentity, ConfigurationSet: "set",
			EntityID: "entity", TemplateID: "template", Region: "us-east-1",
		}},
		{"the least of it", userpool.SmsConfigurationType{EumsSms: &least}, nil, &message.EndUserMessaging{CallerARN: least.CallerArn}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sender.sent = nil
			a := b.app(byPhone(tt.set))
			a.signUp("ada", "phone_number", "+14325551212")
			a.deliver()
			if len(sender.sent) != 1 || !reflect.DeepEqual(sender.sent[0].SNS, tt.sns) || !reflect.DeepEqual(sender.sent[0].EndUserMessaging, tt.eums) {
				t.Errorf("sent %+v", sender.sent)
			}
			if got := a.poolOf(a.pool).SmsConfiguration; !reflect.DeepEqual(*got, tt.set) {
				t.Errorf("the pool tells %+v", got)
			}
		})
	}
	for name, set := range map[string]userpool.SmsConfigurationType{
		"NEW-311 both":           {SnsCallerArn: "arn:aws:iam::123456789012:role/sns", EumsSms: &least},
		"NEW-311 neither":        {},
		"NEW-312 no caller":      {EumsSms: &userpool.EumsSmsConfigurationType{Region: "us-east-1"}},
		"NEW-313 another Region": {EumsSms: &userpool.EumsSmsConfigurationType{CallerArn: least.CallerArn, Region: "eu-west-1"}},
		"NEW-312 short Region":   {EumsSms: &userpool.EumsSmsConfigurationType{CallerArn: least.CallerArn, Region: "us-1"}},
	} {
		_, err := b.CreateUserPool(t.Context(), &userpool.CreateUserPoolInput{PoolName: "test", SmsConfiguration: &set})
		if err == nil {
			t.Errorf("%s was accepted", name)
			continue
		}
		refused(t, err, userpool.ErrInvalidParameter, "")
	}
}
