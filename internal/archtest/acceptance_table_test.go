package archtest_test

// acceptance says what a line of an acceptance list is accepted by.
type acceptance struct {
	tests  string // that run what the line says, beyond naming its facts
	absent string // what of it this version does not have
}

// acceptedBy is by the line's facts. Their ids are not written out: a file that names them all would pass for tests of them.
var acceptedBy = map[factsOf]acceptance{
	// userpool-auth
	{"AUTH", 1, 32}: {tests: "TestLifecycle TestSignInStates TestEnabledIsNotAStatus TestDisableAndEnable TestConfirmOtherStates"},
	{"AUTH", 41, 65}: {tests: `TestSignUpRace TestConfirmAlias TestTakeAddressOver TestSignUpByEmail TestSignInNames TestSignUpRefusals
		TestAdminCreateUserAlias`},
	{"AUTH", 71, 83}: {tests: "TestSecretHashVector TestSecretHashMatrix TestSecretHashOfRefresh TestTwoSecrets"},
	{"AUTH", 91, 128}: {tests: `TestSignUpDelivery TestMasks TestSignUpCodeLife TestConfirmSignUp TestResendRefusals TestSignUpLimits
		TestAdminCreateUser TestInviteAgain`},
	{"AUTH", 131, 167}: {tests: `TestEveryFlowSwitch TestMixedFlowSwitches TestInitiateAuthRefusals TestSessionLife TestC4_SessionBinding
		TestCodeAsSecondFactor TestFailingTriggers`},
	{"AUTH", 171, 197}: {tests: `TestPublishedVector TestRecordedVectors TestSRPOfJavaScriptSatisfiesOurs TestSRPOfOursSatisfiesJavaScript
		TestSRPByAnotherClient TestTimestamp TestSRP TestH7_SimulatedSRP`},
	{"AUTH", 201, 206}: {tests: "TestPasswordFlows TestParametersOfNewPassword TestSignInStates"},
	{"AUTH", 211, 220}: {tests: "TestNewPasswordRequired TestNewPasswordSame TestTemporaryPasswordExpires TestSecondFactorAfterEveryFirst"},
	{"AUTH", 221, 242}: {tests: "TestCustomAuth TestCustomAuthAfterSRP TestCustomAuthDecisions TestCustomAuthOfNobody TestCustomAuthIncomplete"},
	{"AUTH", 251, 264}: {tests: `TestRefresh TestRefreshRefusals TestRefreshNeedsTheDevice TestH3_RotationGrace TestH3_RotationReuse
		TestH3_RotationOnTwoNodes`},
	{"AUTH", 271, 291}: {tests: `TestChoicePreferred TestChoiceOffers TestSelectChallenge TestSignInAfterSignUp TestSimulatedDestination
		TestChoiceOfPasskey`},
	{"AUTH", 301, 352}: {tests: `TestSecondFactorTable TestSoftwareTokenByAccessToken TestSoftwareTokenInSession TestSoftwareTokenWindow
		TestM2_OneStepSignsInOnce TestMFAPreference TestMFAPreferenceRefusals TestUserSettings`},
	{"AUTH", 361, 385}: {tests: `TestDeviceVector TestNewDevices TestConfirmDevice TestDeviceReplacesMFA TestDeviceAfterMFA TestDeviceRefusals
		TestUnknownDevice TestRefreshNeedsTheDevice`},
	{"AUTH", 391, 407}: {tests: `TestCompleteWebAuthnRegistration TestWebAuthnRegistrationChecks TestPasskeySignIn TestPasskeyAssertionChecks
		TestWebAuthnNotEnabled TestPasskeyAsBothFactors`},
	{"AUTH", 411, 436}: {tests: `TestPasswordClasses TestSignUpRefusals TestPasswordHistory TestTemporaryPasswordExpires TestRecoveryContact
		TestRecoveryWithoutSecondFactor TestForgotPassword TestForgotPasswordRefusals`},
	{"AUTH", 441, 449}: {tests: "TestLockOut TestLockOutForgotten TestLockOutOverFlows TestLockOutLimits"},
	{"AUTH", 451, 465}: {tests: `TestH7_SameAnswersSameWrites TestH7_ChoiceHides TestH7_SignUpCodes TestLegacyExistence TestWhoTells
		TestSimulatedDelivery TestH7_Timing`},
	{"AUTH", 471, 514}: {tests: `TestGoldenTokens TestH5_KeysOfPools TestJWKS TestPreTokenGenerationV1 TestPreTokenGenerationV2
		TestTokenLifetimes TestClientBounds`},
	{"AUTH", 521, 538}: {tests: "TestRevocationTable TestH3_SignOutWithoutFamily TestAccessTokenStates TestRotationLeavesAccessTokens"},
	{"AUTH", 541, 548}: {tests: "TestC2_HostileBearers TestAccessTokenRefusals TestOperationsWithoutToken TestOwnOperationsNeedAToken"},
	{"AUTH", 551, 573}: {tests: `TestThreatProtectionModes TestRiskWithoutConsequence TestRiskAsksForASecondFactor TestRiskWithoutSecondFactor
		TestAddressLists TestNoticeTexts TestAuthEvents TestFeedback TestAssessorInput TestCompromisedSignIn`},
	{"AUTH", 581, 624}: {tests: `TestSignUpRefusals TestRespondOrder TestRefreshOrder TestGetTokensLadder TestGlobalSignOutLadder
		TestAdminOperationsOnNobody TestPoolMfaConfigRefusals TestDeviceRefusals TestRiskConfigurationRefusals`},

	// userpool-newer
	{"NEW", 1, 10}:  {tests: "TestNewerOperations TestPublicOperations TestClientTokenSigned"},
	{"NEW", 11, 23}: {tests: "TestSessionConfiguration TestClientSessionConfiguration TestSessionConfigurationTier TestTrackingOffAndOn"},
	{"NEW", 31, 56}: {
		tests:  "TestSessionMembers TestSessionIsUsed TestSessionEviction TestC2_SignInsAtTheLimit TestLinkedSessions TestDescribe",
		absent: "parents, which browsers at the hosted pages have",
	},
	{"NEW", 41, 43}: {absent: "the hosted pages, whose cookie is reused"},
	{"NEW", 61, 72}: {tests: "TestRevokeUserSession TestAdminRevokeUserSession TestLinkedSessions TestSessionRefusals TestSessionMembers"},
	{"NEW", 81, 109}: {tests: `TestLevelsOfFirstFactors TestLevelsOfTwoFactors TestRefreshKeepsLevel TestLevelNames TestNewPool
		TestStepUpAfterRenaming`},
	{"NEW", 121, 139}: {
		tests:  "TestStepUpWithToken TestStepUpTooOld TestStepUpRefusals TestLevelWithoutToken TestRequiredFactorIsAFloor TestStepUpWithSecondFactors",
		absent: "step-up at the domain, and the levels of identity providers",
	},
	{"NEW", 141, 150}: {tests: "TestClientTokensAreExclusive TestClientToken TestClientTokenScopes TestClientTokenRefusals TestClientTokenFunction"},
	{"NEW", 161, 168}: {tests: "TestUserAuthFactors TestAdminDeleteSoftwareToken"},
	{"NEW", 181, 193}: {tests: "TestReplicaLife TestReplicaRefusals TestSettingsOfReplica"},
	{"NEW", 201, 212}: {tests: "TestOperationsAtReplicas"},
	{"NEW", 221, 246}: {tests: "TestIssuerChanges TestUpdatedIssuer TestKeyConfiguration", absent: "domains and how they are routed"},
	{"NEW", 261, 273}: {tests: "TestRegistrationConfiguration", absent: "dynamic client registration"},
	{"NEW", 281, 292}: {tests: "TestProvisionedLimits TestProvisionedRateIsTheBucket", absent: "terms"},
	{"NEW", 301, 324}: {tests: "TestSMSRoutes TestResourceServers TestPoolMadeWithMFA", absent: "import of users"},
	{"NEW", 331, 355}: {tests: "TestNewerErrors TestNewerOperations TestStatusesOfNewerErrors TestPlansRefuseBoth TestFirstFactorsByTheModel"},
	{"NEW", 361, 378}: {tests: "TestSessionConfiguration TestClientToken TestReplicaLife TestReplicaRefusals TestRevokeUserSession TestProvisionedLimits"},
}
