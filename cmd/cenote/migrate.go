package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cenote-auth/cenote/store/postgres"
)

func migrate(ctx context.Context, url string) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return fmt.Errorf("--store: %w", err)
	}
	defer pool.Close()
	return postgres.Migrate(ctx, pool, "")
}
