package useragent_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/internal/useragent"
)

const mozilla = "Mozilla/5.0 "

var headers = []struct{ name, header, want string }{
	{"Chrome, macOS", mozilla + "(Macintosh; Intel Mac OS X 15_0_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36", "Chrome 125 / macOS 15.0"},
	{"Chrome, Windows", mozilla + "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.61 Safari/537.36", "Chrome 125 / Windows 10"},
	{"Chrome, Linux", mozilla + "(X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Chrome 126 / Linux"},
	{"Chrome, ChromeOS", mozilla + "(X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36", "Chrome 124 / ChromeOS"},
	{"Chrome, Android", mozilla + "(Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.72 Mobile Safari/537.36", "Chrome 125 / Android 14"},
	{"Chrome, iPhone", mozilla + "(iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/125.0.6422.51 Mobile/15E148 Safari/604.1", "Chrome 125 / iOS 17.5"},
	{"Edge", mozilla + "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.2535.51", "Edge 125 / Windows 10"},
	{"Opera", mozilla + "(Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/95.0.4638.69 Safari/537.36 OPR/81.0.4196.61", "Opera 81 / Windows 7"},
	{"Samsung", mozilla + "(Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet 25 / Android 13"},
	{"Firefox", mozilla + "(X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0", "Firefox 126 / Linux"},
	{"Firefox, Android", mozilla + "(Android 14; Mobile; rv:126.0) Gecko/126.0 Firefox/126.0", "Firefox 126 / Android 14"},
	{"Firefox, iPad", mozilla + "(iPad; CPU OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/126.0 Mobile/15E148 Safari/605.1.15", "Firefox 126 / iPadOS 17.4"},
	{"Safari", mozilla + "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15", "Safari 17 / macOS 10.15"},
	{"Safari, iPhone", mozilla + "(iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", "Safari 16 / iOS 16.6"},
	{"Internet Explorer", mozilla + "(Windows NT 6.3; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer 11 / Windows 8.1"},

	{"JavaScript v3", "aws-sdk-js/3.600.0 ua/2.0 os/linux#5.10.218 lang/js md/nodejs#20.14.0 api/cognito-identity-provider#3.600.0", "AWS SDK for JavaScript 3 / Linux"},
	{"Go v2", "aws-sdk-go-v2/1.30.0 ua/2.1 os/macos lang/go#1.22.4 md/GOOS#darwin api/cognitoidentityprovider#1.40.0", "AWS SDK for Go 1 / macOS"},
	{"Boto3", "Boto3/1.34.131 md/Botocore#1.34.131 ua/2.0 os/windows#10.0 md/arch#amd64 lang/python#3.12.3 md/pyimpl#CPython", "Boto3 1.34 / Windows 10"},
	{"CLI", "aws-cli/2.16.12 md/awscrt#0.20.11 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.11.8", "AWS CLI 2.16 / macOS 23.5"},
	{"Java v2", "aws-sdk-java/2.26.7 Linux/6.1.92 OpenJDK_64-Bit_Server_VM/21.0.3 Java/21.0.3", "AWS SDK for Java 2 / Linux"},
	{"Amplify, Node", "aws-amplify/6.3.6 auth/4 framework/0", "AWS Amplify 6 / unknown"},
	{"Android", "okhttp/4.12.0", "OkHttp 4 / unknown"},
	{"Android's own", "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230901.001)", "Dalvik 2 / Android 13"},
	{"iOS app", "MyApp/1 CFNetwork/1496.0.7 Darwin/23.5.0", "CFNetwork 1496 / Darwin 23"},
	{"curl", "curl/8.5.0", "curl 8 / unknown"},

	{"app on Linux", "Something/1.0 (Linux)", "unknown / Linux"},
	{"nothing", "", "unknown"},
	{"prose", "a browser of my own", "unknown"},
	{"no version", "Chrome/ Windows NT", "Chrome / unknown"},
	{"too long a version", "Chrome/" + strings.Repeat("9", 3000), "Chrome 999999999999 / unknown"},
	{"not UTF-8", "\xff\xfe Firefox/1\xff", "Firefox 1 / unknown"},
}

// NEW-052: browsers and systems with their versions, kits and libraries by name, and what cannot be told.
func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, tt := range headers {
		if got := useragent.Describe(tt.header); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A name has no version, so that an update makes no new device.
func TestName(t *testing.T) {
	t.Parallel()
	const chrome = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36"
	for header, want := range map[string]string{
		chrome: "Chrome / macOS", strings.Replace(chrome, "125", "126", 1): "Chrome / macOS", "curl/8.5.0": "curl / unknown", "a browser of my own": "", "": "",
	} {
		if got := useragent.Name(header); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

// FuzzDescribe reads what anybody sends: the answer is short, plain text.
func FuzzDescribe(f *testing.F) {
	for _, tt := range headers {
		f.Add(tt.header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := useragent.Describe(header)
		if got == "" || len(got) > 100 || !utf8.ValidString(got) || got != useragent.Unknown && strings.Count(got, " / ") != 1 {
			t.Errorf("%q of %q", got, header)
		}
	})
}
