// A quiz in place of the password, and after it, through the library that older front ends have.
import cognito from 'amazon-cognito-identity-js';
import { settings, step, equal, refused, result } from './steps.mjs';

const { CognitoUserPool, CognitoUser, AuthenticationDetails } = cognito;

const pool = new CognitoUserPool({ UserPoolId: settings.pool, ClientId: settings.client, endpoint: settings.url });
const badge = { badge: 'blue' };

// play signs in with the answers in turn and returns the session and what was asked.
function play(begin, password, answers, metadata = badge) {
  const who = new CognitoUser({ Username: settings.name, Pool: pool });
  const asked = [];
  const rest = [...answers];
  return new Promise((resolve, reject) => {
    const callbacks = {
      onSuccess: (session) => resolve({ session, asked }),
      onFailure: (err) => reject(Object.assign(err, { asked })),
      customChallenge: (parameters) => {
        asked.push(parameters);
        who.sendCustomChallengeAnswer(rest.shift(), callbacks, metadata);
      },
    };
    const details = new AuthenticationDetails({ Username: settings.name, Password: password });
    begin(who, details, callbacks);
  });
}

const quizOnly = (who, details, callbacks) => {
  who.setAuthenticationFlowType('CUSTOM_AUTH');
  who.initiateAuth(details, callbacks);
};
const passwordFirst = (who, details, callbacks) => {
  who.setAuthenticationFlowType('CUSTOM_AUTH');
  who.authenticateUser(details, callbacks);
};

await step('two right answers sign in', async () => {
  const { session, asked } = await play(quizOnly, undefined, ['40', '41']);
  equal(asked.map((a) => a.question).join(), 'What is 0 and 40?,What is 1 and 40?', 'questions');
  equal(asked[0].email, settings.name, 'email');
  equal(asked[0].USERNAME !== undefined, true, `USERNAME ${asked[0].USERNAME} is there`);
  equal(asked[0].answer, undefined, 'the private parameter');
  equal(session.getIdToken().payload.email, settings.name, 'email');
});

await step('a wrong answer costs a round', async () => {
  const { asked } = await play(quizOnly, undefined, ['40', '40', '42']);
  equal(asked.length, 3, 'rounds');
});

await step('two wrong answers end the sign-in', async () => {
  const err = await refused(play(quizOnly, undefined, ['1', '2', '42']), 'NotAuthorizedException');
  equal(err.asked.length, 2, 'rounds');
});

await step('the function hears the metadata', async () => {
  const err = await refused(play(quizOnly, undefined, ['40', '41'], { badge: 'red' }), 'NotAuthorizedException');
  equal(err.asked.length, 2, 'rounds');
});

await step('an error of the function is told', async () => {
  const err = await refused(play(quizOnly, undefined, ['40'], { broken: 'yes' }), 'UserLambdaValidationException');
  equal(err.message, 'VerifyAuthChallengeResponse failed with error the quiz master is ill.', 'message');
});

await step('the password first, and the quiz after it', async () => {
  const { session, asked } = await play(passwordFirst, settings.password, ['42', '43']);
  equal(asked.map((a) => a.question).join(), 'What is 2 and 40?,What is 3 and 40?', 'questions');
  equal(session.isValid(), true, 'valid');
});

await step('no question after a wrong password', async () => {
  const err = await refused(play(passwordFirst, 'Wrong-Horse-9', ['42', '43']), 'NotAuthorizedException');
  equal(err.asked.length, 0, 'rounds');
});

result({});
