const { answerPrivacy, lendSheet } = require('../../lib/privacy');

Component({
  properties: {
    texts: { type: Object, value: {} },
  },

  data: { shown: false },

  methods: {
    /** The page that owns the sheet is shown. */
    lend() {
      lendSheet(() => this.setData({ shown: true }));
    },

    agree() {
      this.setData({ shown: false });
      answerPrivacy(true, 'agree');
    },

    refuse() {
      this.setData({ shown: false });
      answerPrivacy(false, '');
    },

    openContract() {
      wx.openPrivacyContract({});
    },
  },
});
