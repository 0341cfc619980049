const { watchPrivacy } = require('./lib/privacy');

App({
  onLaunch() {
    watchPrivacy();
  },
});
