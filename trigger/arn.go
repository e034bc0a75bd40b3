package trigger

import (
	"fmt"
	"strings"
)

// arnPrefix belongs to no region and to an account that AWS never deals, so that a pool can be moved between regions and
// accounts without touching its LambdaConfig.
const arnPrefix = "arn:aws:lambda::000000000000:function:"

const (
	maxFunctionName = 64
	maxQualifier    = 128
	maxPartition    = 16
	maxRegion       = 32
)

// ARN returns the ARN by which a pool names a function of this process: LambdaConfig{PreSignUp: trigger.ARN("pre-sign-up")}.
// It panics if name is no Lambda function name (1 to 64 letters, digits, - and _).
func ARN(name string) string {
	if !isFunctionName(name) {
		panic(fmt.Sprintf("trigger: %q is not a function name", name))
	}
	return arnPrefix + name
}

// ParseARN returns the function's name and the qualifier (an alias or a version, TRG-031; often empty) of a Lambda
// function's ARN: arn:<partition>:lambda:<region or nothing>:<12 digits>:function:<name>[:<qualifier>]. Everything else is
// an error that is ErrNoFunction and does not repeat the text.
func ParseARN(arn string) (name, qualifier string, err error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 7 && len(parts) != 8 {
		return "", "", fmt.Errorf("%w: not the ARN of a function", ErrNoFunction)
	}
	partition, region, account := parts[1], parts[3], parts[4]
	switch {
	case parts[0] != "arn", parts[2] != "lambda", parts[5] != "function",
		len(partition) > maxPartition || !strings.HasPrefix(partition, "aws") || !only(partition, isLower),
		len(region) > maxRegion || !only(region, isLower),
		len(account) != 12 || !only(account, isDigit),
		!isFunctionName(parts[6]):
		return "", "", fmt.Errorf("%w: not the ARN of a function", ErrNoFunction)
	}
	if len(parts) == 8 {
		if qualifier = parts[7]; qualifier == "" || len(qualifier) > maxQualifier || !only(qualifier, isNameByte) {
			return "", "", fmt.Errorf("%w: bad qualifier in the ARN of a function", ErrNoFunction)
		}
	}
	return parts[6], qualifier, nil
}

func isFunctionName(s string) bool {
	return s != "" && len(s) <= maxFunctionName && only(s, isNameByte)
}

func only(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isLower reports what partitions and regions are made of: aws-us-gov, eu-central-1.
func isLower(c byte) bool { return 'a' <= c && c <= 'z' || isDigit(c) || c == '-' }

func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) }

func isNameByte(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }
