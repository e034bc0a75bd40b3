package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// provisionedLimit is the rate that a category was set to. It holds for the account in a Region, over all pools (NEW-281).
type provisionedLimit struct {
	store.Meta
	Region   string
	Category string
	Value    int32
}

var provisionedLimits = store.NewKind("ratelimit", store.Kind[provisionedLimit]{
	Key: func(p *provisionedLimit) []string { return []string{p.Region, p.Category} },
})

const (
	// maxProvisioned is how many times its free rate a category can be set to: what AWS asks the Service Quotas of the account for.
	maxProvisioned        = 10
	maxProvisionedRecords = 1000 // of all Regions that share a store
	attributeCategory     = "Category"
)

// GetProvisionedLimit returns the rate of a category, and what it is without being raised (NEW-282).
func (s *Service) GetProvisionedLimit(ctx context.Context, in *GetProvisionedLimitInput) (*GetProvisionedLimitOutput, error) {
	return call(ctx, s, opGetProvisionedLimit, in, s.getProvisionedLimit)
}

func (s *Service) getProvisionedLimit(ctx context.Context, in *GetProvisionedLimitInput) (*GetProvisionedLimitOutput, error) {
	c, err := s.limitedCategory(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	find := provisionedLimits.Of(store.Installation).Find(s.cfg.region, c.name)
	if err := s.store.Read(ctx, find); err != nil {
		return nil, err
	}
	value := c.free
	if find.Got != nil {
		value = find.Got.Value
	}
	return &GetProvisionedLimitOutput{Limit: c.limit(value)}, nil
}

// UpdateProvisionedLimit sets the rate of a category, from its free one up to ten times that (NEW-283). Every node goes by it within
// a second.
func (s *Service) UpdateProvisionedLimit(ctx context.Context, in *UpdateProvisionedLimitInput) (*UpdateProvisionedLimitOutput, error) {
	return call(ctx, s, opUpdateProvisionedLimit, in, s.updateProvisionedLimit)
}

func (s *Service) updateProvisionedLimit(ctx context.Context, in *UpdateProvisionedLimitInput) (*UpdateProvisionedLimitOutput, error) {
	c, err := s.limitedCategory(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	value := in.RequestedLimitValue
	switch {
	case value < c.free: // unconfirmed texts
		return nil, ErrInvalidParameter.Newf("RequestedLimitValue must be at least %d, which is free.", c.free)
	case value > maxProvisioned*c.free:
		return nil, ErrServiceQuotaExceeded.Newf("RequestedLimitValue exceeds the account's quota of %d.", maxProvisioned*c.free)
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		return provisionedLimits.Of(store.Installation).Replace(ctx, tx, &provisionedLimit{Region: s.cfg.region, Category: c.name, Value: value})
	})
	if err != nil {
		return nil, err
	}
	s.rateLimits.forget()
	return &UpdateProvisionedLimitOutput{Limit: c.limit(value)}, nil
}

// limitedCategory returns the category that a definition names (NEW-284). Where nothing is limited by category there is nothing to set.
func (s *Service) limitedCategory(d *LimitDefinitionType) (*rateCategory, error) {
	c := findCategory(d.Attributes[attributeCategory])
	switch {
	case d.LimitClass != LimitClassApiCategory || c == nil || len(d.Attributes) != 1: // unconfirmed texts
		return nil, ErrInvalidParameter.New("LimitDefinition must name an API category.")
	case !c.adjustable:
		return nil, ErrResourceNotFound.Newf("The category %s has no limit that can be adjusted.", c.name)
	case !s.cfg.rateCategories:
		return nil, ErrInvalidParameter.New("Provisioned limits are not available: this installation of cenote has no RateCategories.")
	}
	return c, nil
}

func (c *rateCategory) limit(value int32) *LimitType {
	return &LimitType{
		LimitDefinition: &LimitDefinitionType{LimitClass: LimitClassApiCategory, Attributes: map[string]string{attributeCategory: c.name}},
		FreeLimitValue:  c.free, ProvisionedLimitValue: value,
	}
}
