// Package useragent says in a few words what a request came from.
package useragent

import "strings"

// Unknown is what is said of what cannot be told.
const Unknown = "unknown"

// maxLength is how much of a header is read.
const maxLength = 1024

// program is a browser or library: what stands before its version in the header, what it is called, and how many parts of its
// version count. The first that fits decides: browsers name those that they imitate as well.
type program struct {
	mark, name string
	parts      int
}

var programs = []program{
	{"EdgA/", "Edge", 1}, {"EdgiOS/", "Edge", 1}, {"Edg/", "Edge", 1}, {"Edge/", "Edge", 1},
	{"OPR/", "Opera", 1}, {"OPT/", "Opera", 1}, {"SamsungBrowser/", "Samsung Internet", 1}, {"Vivaldi/", "Vivaldi", 1},
	{"YaBrowser/", "Yandex", 1}, {"DuckDuckGo/", "DuckDuckGo", 1}, {"FxiOS/", "Firefox", 1}, {"Firefox/", "Firefox", 1},
	{"CriOS/", "Chrome", 1}, {"HeadlessChrome/", "Chrome", 1}, {"Chrome/", "Chrome", 1}, {"Chromium/", "Chromium", 1},
	{"MSIE ", "Internet Explorer", 1}, {"rv:11.0) like Gecko", "Internet Explorer 11", 0},

	// What else calls: kits before the libraries that they rest on.
	{"aws-amplify/", "AWS Amplify", 1}, {"amplify-flutter/", "AWS Amplify for Flutter", 1}, {"amplify-android:", "AWS Amplify for Android", 1},
	{"amplify-swift/", "AWS Amplify for Swift", 1}, {"aws-cli/", "AWS CLI", 2}, {"Boto3/", "Boto3", 2}, {"Botocore/", "Botocore", 2},
	{"aws-sdk-js/", "AWS SDK for JavaScript", 1}, {"aws-sdk-nodejs/", "AWS SDK for JavaScript", 1}, {"aws-sdk-go-v2/", "AWS SDK for Go", 1},
	{"aws-sdk-go/", "AWS SDK for Go", 1}, {"aws-sdk-java/", "AWS SDK for Java", 1}, {"aws-sdk-kotlin/", "AWS SDK for Kotlin", 1},
	{"aws-sdk-dotnet-coreclr/", "AWS SDK for .NET", 1}, {"aws-sdk-dotnet", "AWS SDK for .NET", 0}, {"aws-sdk-php/", "AWS SDK for PHP", 1},
	{"aws-sdk-ruby3/", "AWS SDK for Ruby", 1}, {"aws-sdk-rust/", "AWS SDK for Rust", 1}, {"aws-sdk-swift/", "AWS SDK for Swift", 1},
	{"aws-sdk-cpp/", "AWS SDK for C++", 1}, {"aws-sdk-iOS/", "AWS SDK for iOS", 1}, {"aws-sdk-android/", "AWS SDK for Android", 1},
	{"okhttp/", "OkHttp", 1}, {"Dalvik/", "Dalvik", 1}, {"CFNetwork/", "CFNetwork", 1}, {"PostmanRuntime/", "Postman", 1},
	{"python-requests/", "Requests", 1}, {"node-fetch/", "node-fetch", 1}, {"Go-http-client/", "Go", 1}, {"curl/", "curl", 1},

	{"Version/", "Safari", 1}, // says its version only so; it stands last since many others have the word
}

// systems are operating systems, described as programs are.
var systems = []program{
	{"Windows Phone ", "Windows Phone", 2}, {"Windows NT ", "Windows", 2}, {"CPU iPhone OS ", "iOS", 2}, {"CPU OS ", "iPadOS", 2},
	{"iPhone; iOS ", "iOS", 2}, {"Mac OS X ", "macOS", 2}, {"Macintosh", "macOS", 0}, {"CrOS ", "ChromeOS", 0}, {"Android ", "Android", 1},

	// Software kits.
	{"os/windows#", "Windows", 2}, {"os/macos#", "macOS", 2}, {"os/iOS#", "iOS", 2}, {"os/ios#", "iOS", 2}, {"os/android#", "Android", 1},
	{"os/linux", "Linux", 0}, {"os/macos", "macOS", 0}, {"os/windows", "Windows", 0}, {"os/android", "Android", 0}, {"os/ios", "iOS", 0},
	{"Darwin/", "Darwin", 1}, {"Windows/", "Windows", 1}, {"Android", "Android", 0}, {"Linux", "Linux", 0},
}

// windows are the versions of Windows by what the header calls them.
var windows = map[string]string{"10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7", "6.0": "Vista", "5.1": "XP"}

// Describe returns "{browser} {version} / {system} {version}" for a User-Agent header, as in "Chrome 125 / macOS 15.0" (NEW-052).
// Half of it may be Unknown; if nothing can be told, all of it is.
func Describe(header string) string {
	return describe(header, func(name, version string) string { return strings.TrimSuffix(name+" "+version, " ") })
}

// Name is Describe without versions, as in "Chrome / macOS": an update makes no new device. It is empty if nothing can be told.
func Name(header string) string {
	name := describe(header, func(name, _ string) string { return name })
	if name == Unknown {
		return ""
	}
	return name
}

func describe(header string, join func(name, version string) string) string {
	header = header[:min(len(header), maxLength)]
	p, s := find(programs, header, join), find(systems, header, join)
	if strings.HasPrefix(p, "Safari") && !strings.Contains(header, "Safari/") {
		p = "" // an Android browser of old, or an app
	}
	if v, ok := strings.CutPrefix(s, "Windows "); ok && windows[v] != "" {
		s = "Windows " + windows[v]
	}
	if p == "" && s == "" {
		return Unknown
	}
	if p == "" {
		p = Unknown
	}
	if s == "" {
		s = Unknown
	}
	return p + " / " + s
}

// find returns what join makes of the name and version of the first entry that the header has, or "".
func find(table []program, header string, join func(name, version string) string) string {
	for _, p := range table {
		at := strings.Index(header, p.mark)
		if at < 0 {
			continue
		}
		return join(p.name, version(header[at+len(p.mark):], p.parts))
	}
	return ""
}

// version returns the first parts of the version that s begins with; those of Apple are parted by underscores.
func version(s string, parts int) string {
	const longest = 12
	end := 0
	for ; parts > 0 && end < min(len(s), longest); end++ {
		c := s[end]
		if c == '.' || c == '_' {
			if parts--; parts == 0 {
				break
			}
		} else if c < '0' || c > '9' {
			break
		}
	}
	return strings.Trim(strings.ReplaceAll(s[:end], "_", "."), ".")
}
