package archtest_test

// acceptance says what a line of an acceptance list is accepted by.
type acceptance struct {
	tests  string // that run what the line says, beyond naming its facts
	absent string // what of it this version does not have
}

// acceptedBy is by the line's range, as in the lists.
var acceptedBy = map[string]acceptance{
	// userpool-auth
	"AUTH-001…AUTH-032": {tests: "TestLifecycle TestSignInStates TestEnabledIsNotAStatus TestDisableAndEnable TestConfirmOtherStates"},
	"AUTH-041…AUTH-065": {tests: `TestSignUpRace TestConfirmAlias TestTakeAddressOver TestSignUpByEmail TestSignInNames TestSignUpRefusals
		TestAdminCreateUserAlias`},
	"AUTH-071…AUTH-083": {tests: "TestSecretHashVector TestSecretHashMatrix TestSecretHashOfRefresh TestTwoSecrets"},
	"AUTH-091…AUTH-128": {tests: `TestSignUpDelivery TestMasks TestSignUpCodeLife TestConfirmSignUp TestResendRefusals TestSignUpLimits
		TestAdminCreateUser TestInviteAgain`},
	"AUTH-131…AUTH-167": {tests: `TestEveryFlowSwitch TestMixedFlowSwitches TestInitiateAuthRefusals TestSessionLife TestC4_SessionBinding
		TestCodeAsSecondFactor TestFailingTriggers`},
	"AUTH-171…AUTH-197": {tests: `TestPublishedVector TestRecordedVectors TestSRPOfJavaScriptSatisfiesOurs TestSRPOfOursSatisfiesJavaScript
		TestSRPByAnotherClient TestTimestamp TestSRP TestH7_SimulatedSRP`},
	"AUTH-201…AUTH-206": {tests: "TestPasswordFlows TestParametersOfNewPassword TestSignInStates"},
	"AUTH-211…AUTH-220": {tests: "TestNewPasswordRequired TestNewPasswordSame TestTemporaryPasswordExpires TestSecondFactorAfterEveryFirst"},
	"AUTH-221…AUTH-242": {tests: "TestCustomAuth TestCustomAuthAfterSRP TestCustomAuthDecisions TestCustomAuthOfNobody TestCustomAuthIncomplete"},
	"AUTH-251…AUTH-264": {tests: `TestRefresh TestRefreshRefusals TestRefreshNeedsTheDevice TestH3_RotationGrace TestH3_RotationReuse
		TestH3_RotationOnTwoNodes`},
	"AUTH-271…AUTH-291": {tests: `TestChoicePreferred TestChoiceOffers TestSelectChallenge TestSignInAfterSignUp TestSimulatedDestination
		TestChoiceOfPasskey`},
	"AUTH-301…AUTH-352": {tests: `TestSecondFactorTable TestSoftwareTokenByAccessToken TestSoftwareTokenInSession TestSoftwareTokenWindow
		TestM2_OneStepSignsInOnce TestMFAPreference TestMFAPreferenceRefusals TestUserSettings`},
	"AUTH-361…AUTH-385": {tests: `TestDeviceVector TestNewDevices TestConfirmDevice TestDeviceReplacesMFA TestDeviceAfterMFA TestDeviceRefusals
		TestUnknownDevice TestRefreshNeedsTheDevice`},
	"AUTH-391…AUTH-407": {tests: `TestCompleteWebAuthnRegistration TestWebAuthnRegistrationChecks TestPasskeySignIn TestPasskeyAssertionChecks
		TestWebAuthnNotEnabled TestPasskeyAsBothFactors`},
	"AUTH-411…AUTH-436": {tests: `TestPasswordClasses TestSignUpRefusals TestPasswordHistory TestTemporaryPasswordExpires TestRecoveryContact
		TestRecoveryWithoutSecondFactor TestForgotPassword TestForgotPasswordRefusals`},
	"AUTH-441…AUTH-449": {tests: "TestLockOut TestLockOutForgotten TestLockOutOverFlows TestLockOutLimits"},
	"AUTH-451…AUTH-465": {tests: `TestH7_SameAnswersSameWrites TestH7_ChoiceHides TestH7_SignUpCodes TestLegacyExistence TestWhoTells
		TestSimulatedDelivery TestH7_Timing`},
	"AUTH-471…AUTH-514": {tests: `TestGoldenTokens TestH5_KeysOfPools TestJWKS TestPreTokenGenerationV1 TestPreTokenGenerationV2
		TestTokenLifetimes TestClientBounds`},
	"AUTH-521…AUTH-538": {tests: "TestRevocationTable TestH3_SignOutWithoutFamily TestAccessTokenStates TestRotationLeavesAccessTokens"},
	"AUTH-541…AUTH-548": {tests: "TestC2_HostileBearers TestAccessTokenRefusals TestOperationsWithoutToken TestOwnOperationsNeedAToken"},
	"AUTH-551…AUTH-573": {tests: `TestThreatProtectionModes TestRiskWithoutConsequence TestRiskAsksForASecondFactor TestRiskWithoutSecondFactor
		TestAddressLists TestNoticeTexts TestAuthEvents TestFeedback TestAssessorInput TestCompromisedSignIn`},
	"AUTH-581…AUTH-624": {tests: `TestSignUpRefusals TestRespondOrder TestRefreshOrder TestGetTokensLadder TestGlobalSignOutLadder
		TestAdminOperationsOnNobody TestPoolMfaConfigRefusals TestDeviceRefusals TestRiskConfigurationRefusals`},

	// userpool-newer
	"NEW-001…NEW-010": {tests: "TestNewerOperations TestPublicOperations TestClientTokenSigned"},
	"NEW-011…NEW-023": {tests: "TestSessionConfiguration TestClientSessionConfiguration TestSessionConfigurationTier TestTrackingOffAndOn"},
	"NEW-031…NEW-056": {
		tests:  "TestSessionMembers TestSessionIsUsed TestSessionEviction TestC2_SignInsAtTheLimit TestLinkedSessions TestDescribe",
		absent: "parents, which browsers at the hosted pages have",
	},
	"NEW-041…NEW-043": {absent: "the hosted pages, whose cookie is reused"},
	"NEW-061…NEW-072": {tests: "TestRevokeUserSession TestAdminRevokeUserSession TestLinkedSessions TestSessionRefusals TestSessionMembers"},
	"NEW-081…NEW-109": {tests: `TestLevelsOfFirstFactors TestLevelsOfTwoFactors TestRefreshKeepsLevel TestLevelNames TestNewPool
		TestStepUpAfterRenaming`},
	"NEW-121…NEW-139": {
		tests:  "TestStepUpWithToken TestStepUpTooOld TestStepUpRefusals TestLevelWithoutToken TestRequiredFactorIsAFloor TestStepUpWithSecondFactors",
		absent: "step-up at the domain, and the levels of identity providers",
	},
	"NEW-141…NEW-150": {tests: "TestClientTokensAreExclusive TestClientToken TestClientTokenScopes TestClientTokenRefusals TestClientTokenFunction"},
	"NEW-161…NEW-168": {tests: "TestUserAuthFactors TestAdminDeleteSoftwareToken"},
	"NEW-181…NEW-193": {tests: "TestReplicaLife TestReplicaRefusals TestSettingsOfReplica"},
	"NEW-201…NEW-212": {tests: "TestOperationsAtReplicas"},
	"NEW-221…NEW-246": {tests: "TestIssuerChanges TestUpdatedIssuer TestKeyConfiguration", absent: "domains and how they are routed"},
	"NEW-261…NEW-273": {tests: "TestRegistrationConfiguration", absent: "dynamic client registration"},
	"NEW-281…NEW-292": {tests: "TestProvisionedLimits TestProvisionedRateIsTheBucket", absent: "terms"},
	"NEW-301…NEW-324": {tests: "TestSMSRoutes TestResourceServers TestPoolMadeWithMFA", absent: "import of users"},
	"NEW-331…NEW-355": {tests: "TestNewerErrors TestNewerOperations TestStatusesOfNewerErrors TestPlansRefuseBoth TestFirstFactorsByTheModel"},
	"NEW-361…NEW-378": {tests: "TestSessionConfiguration TestClientToken TestReplicaLife TestReplicaRefusals TestRevokeUserSession TestProvisionedLimits"},
}
